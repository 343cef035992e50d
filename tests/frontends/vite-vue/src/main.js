import { createApp } from 'vue';
import Flowers from './Flowers.vue';

createApp(Flowers).mount('#root');
